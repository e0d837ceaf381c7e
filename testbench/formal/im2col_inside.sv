
  // Shapes as descriptor_check lets them through: each element inside the input is addressed within
  // its tensors, each other one within the padding pixel. Reduced: 64 words, images of at most
  // 3 times 3 pixels of 3 channels, kernels, strides and padding of at most 3, 2 images.

  reg started = 1'b0;
  always @(posedge clk_i) started <= 1'b1;

  wire [7:0]  row_size   = width_i[1:0] * channels_i[1:0];
  wire [7:0]  image_size = height_i[1:0] * row_size[3:0];
  wire [7:0]  image_step = {image_size[7:2] + {5'd0, |image_size[1:0]}, 2'd0};
  wire [9:0] input_size = images_i[1:0] * image_step;
  wire [9:0] base       = {2'd0, base_i};
  wire [9:0] pixel      = {2'd0, pad_i};

  reg        held;
  reg [7:0]  was_base, was_pad;
  reg [65:0] was_sizes;
  wire [65:0] sizes = {images_i[1:0], height_i[1:0], width_i[1:0], channels_i[1:0],
                       out_height_i, out_width_i, kernel_h_i[1:0], kernel_w_i[1:0],
                       stride_h_i[1:0], stride_w_i[1:0], pad_top_i[1:0], pad_left_i[1:0],
                       first_row_i[1:0]};

  always @* begin
    assume (rst_ni == started);
    assume (!(start_i && state_q != IDLE));
    assume (images_i >= 16'd1 && images_i <= 16'd2);
    assume (height_i >= 16'd1 && height_i <= 16'd3 && width_i >= 16'd1 && width_i <= 16'd3);
    assume (channels_i >= 16'd1 && channels_i <= 16'd3);
    assume (out_height_i >= 16'd1 && out_height_i <= 16'd7);
    assume (out_width_i >= 16'd1 && out_width_i <= 16'd7);
    assume (kernel_h_i >= 8'd1 && kernel_h_i <= 8'd3 && kernel_w_i >= 8'd1 && kernel_w_i <= 8'd3);
    assume (stride_h_i >= 8'd1 && stride_h_i <= 8'd3 && stride_w_i >= 8'd1 && stride_w_i <= 8'd3);
    assume (pad_top_i <= 8'd3 && pad_left_i <= 8'd3 && first_row_i <= 16'd3);
    assume (base_i[1:0] == 2'd0 && pad_i[1:0] == 2'd0);
    assume (base >= 10'd128 && input_size <= 10'd256 - base);
    assume (pixel >= 10'd128 && {8'd0, channels_i[1:0]} <= 10'd256 - pixel);
    assume (!held || (sizes == was_sizes && base_i == was_base && pad_i == was_pad));
  end

  always @(posedge clk_i) begin
    held      <= rst_ni && (state_q != IDLE || start_i);
    was_sizes <= sizes;
    was_base  <= base_i;
    was_pad   <= pad_i;
  end

  wire       walks   = state_q == WALK;
  wire [1:0] image   = images_i[1:0] - images_left_q[1:0];
  wire [1:0] channel = channels_i[1:0] - channels_left_q[1:0];
  wire [7:0] steps   = image * image_bytes_q;
  wire [7:0] origin  = base_i + steps;
  wire [7:0] before  = pad_left_i[1:0] * channels_i[1:0];
  wire [7:0] first_rows  = first_y_q[7:0] * row_bytes_q;
  wire [7:0] window_rows = window_y_q[7:0] * row_bytes_q;
  wire [7:0] rows        = y_q[7:0] * row_bytes_q;
  wire [7:0] window_cols = window_x_q[7:0] * channels_i[1:0];
  wire [7:0] cols        = x_q[7:0] * channels_i[1:0];
  wire [7:0] at          = {6'd0, channel};

  always @* if (rst_ni) begin
    lemma_state:    assert (state_q <= WALK);
    lemma_row:      assert (state_q <= ROW_BYTES || row_bytes_q == row_size);
    lemma_x:        assert (state_q <= STEP_X ||
                            step_x_q == {4'd0, {2'd0, stride_w_i[1:0]} * {2'd0, channels_i[1:0]}});
    lemma_y:        assert (state_q <= STEP_Y || step_y_q == stride_h_i[1:0] * row_bytes_q);
    lemma_image:    assert (state_q <= IMAGE_BYTES || image_bytes_q == image_step);
    lemma_offset:   assert (state_q != OFFSET_X || image_addr_q == base_i + first_rows);
    lemma_images:   assert (!walks || (images_left_q >= 16'd1 && images_left_q <= images_i));
    lemma_channels: assert (!walks || (channels_left_q >= 16'd1 && channels_left_q <= channels_i));
    lemma_corner:   assert (!walks || image_addr_q == origin + first_rows - before);
    lemma_windows:  assert (!walks || windows_addr_q == origin + window_rows - before);
    lemma_window:   assert (!walks || window_addr_q == origin + window_rows + window_cols);
    lemma_channel:  assert (!walks || channel_addr_q == window_addr_q + at);
    lemma_kernel:   assert (!walks || kernel_addr_q == origin + rows + window_cols + at);
    lemma_addr:     assert (!walks || addr_q == origin + rows + cols + at);
    lemma_pad:      assert (!walks || pad_addr_q == pad_i + at);

    inside:  assert (!valid_o || !inside_o || ({2'd0, addr_o} >= base &&
                     {2'd0, addr_o} - base < input_size));
    padding: assert (!valid_o || inside_o || ({2'd0, addr_o} >= pixel &&
                     {2'd0, addr_o} - pixel < {8'd0, channels_i[1:0]}));
  end
