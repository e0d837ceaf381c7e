// layer_sequencer: runs a LAYER descriptor.
//
//   clear `outputs` accumulators
//   for each vector v: for each page: clear the word lines, gather, run the tile
//                      write accumulator 0 .. outputs - 1 to the window, clearing them on the way
//
// All settings are sampled with start_i. busy_o is high from the next cycle to the last write.
// clear_i ends a run at once; what was written stays.
`default_nettype none

module layer_sequencer #(
  parameter integer WINDOW_WIDTH = 16  // of a window address
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,          // asynchronous, active low
  input  wire                    clear_i,

  // Settings, already checked
  input  wire                    start_i,
  output wire                    busy_o,
  input  wire [15:0]             first_page_i,
  input  wire [15:0]             pages_i,         // 1..PAGES
  input  wire [WINDOW_WIDTH-1:0] input_i,         // window word of vector 0
  input  wire [18:0]             input_words_i,   // of one vector
  input  wire [WINDOW_WIDTH-1:0] output_i,        // window word of the first accumulator
  input  wire [16:0]             outputs_i,       // 1..MAX_OUTPUTS
  input  wire [18:0]             vectors_i,       // >= 1
  input  wire [31:0]             first_vector_i,  // number of vector 0

  // The page at hand and the vector
  output wire [15:0]             page_o,
  output wire [WINDOW_WIDTH-1:0] base_o,          // window word of the vector
  output wire [31:0]             words_o,         // of the vector
  output wire [31:0]             vector_o,        // number of the vector

  // Gather and tile: busy from the cycle after their start
  output wire                    gather_start_o,  // with it the word lines are cleared
  input  wire                    gather_busy_i,
  output wire                    tile_start_o,
  input  wire                    tile_busy_i,

  // Accumulators
  output wire                    acc_clear_o,
  output wire [16:0]             outputs_o,
  input  wire                    acc_busy_i,
  output wire                    acc_read_o,
  output wire [15:0]             acc_index_o,

  // Window write, one cycle after a read of the accumulators
  output wire                    window_en_o,
  output wire [WINDOW_WIDTH-1:0] window_addr_o
);

  localparam [2:0] IDLE   = 3'd0;
  localparam [2:0] CLEAR  = 3'd1;
  localparam [2:0] PAGE   = 3'd2;
  localparam [2:0] GATHER = 3'd3;
  localparam [2:0] START  = 3'd4;
  localparam [2:0] RUN    = 3'd5;
  localparam [2:0] WRITE  = 3'd6;

  reg [2:0]              state_q;
  reg [15:0]             first_page_q;
  reg [15:0]             page_q;
  reg [15:0]             last_page_q;
  reg [WINDOW_WIDTH-1:0] base_q;
  reg [18:0]             words_q;
  reg [WINDOW_WIDTH-1:0] target_q;
  reg [16:0]             outputs_q;
  reg [16:0]             index_q;
  reg [18:0]             vectors_left_q;
  reg [31:0]             vector_q;
  reg                    read_q;          // an accumulator was read in the cycle before

  wire        last_index = index_q + 17'd1 == outputs_q;
  wire [31:0] next_base  = {{(32-WINDOW_WIDTH){1'b0}}, base_q} + {13'd0, words_q};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q        <= IDLE;
      first_page_q   <= 16'd0;
      page_q         <= 16'd0;
      last_page_q    <= 16'd0;
      base_q         <= {WINDOW_WIDTH{1'b0}};
      words_q        <= 19'd0;
      target_q       <= {WINDOW_WIDTH{1'b0}};
      outputs_q      <= 17'd0;
      index_q        <= 17'd0;
      vectors_left_q <= 19'd0;
      vector_q       <= 32'd0;
      read_q         <= 1'b0;
    end else if (clear_i) begin
      state_q <= IDLE;
      read_q  <= 1'b0;
    end else begin
      read_q <= acc_read_o;
      if (read_q) target_q <= target_q + {{(WINDOW_WIDTH-1){1'b0}}, 1'b1};
      case (state_q)
        IDLE: if (start_i) begin
          state_q        <= CLEAR;
          first_page_q   <= first_page_i;
          page_q         <= first_page_i;
          last_page_q    <= first_page_i + pages_i - 16'd1;
          base_q         <= input_i;
          words_q        <= input_words_i;
          target_q       <= output_i;
          outputs_q      <= outputs_i;
          index_q        <= 17'd0;
          vectors_left_q <= vectors_i;
          vector_q       <= first_vector_i;
        end
        CLEAR:  if (!acc_busy_i) state_q <= PAGE;
        PAGE:   state_q <= GATHER;
        GATHER: if (!gather_busy_i) state_q <= START;
        START:  state_q <= RUN;
        RUN: if (!tile_busy_i) begin
          state_q <= (page_q == last_page_q) ? WRITE : PAGE;
          page_q  <= (page_q == last_page_q) ? first_page_q : page_q + 16'd1;
        end
        default: begin
          index_q <= last_index ? 17'd0 : index_q + 17'd1;
          if (last_index) begin
            state_q        <= (vectors_left_q == 19'd1) ? IDLE : PAGE;
            vectors_left_q <= vectors_left_q - 19'd1;
            vector_q       <= vector_q + 32'd1;
            base_q         <= next_base[WINDOW_WIDTH-1:0];
          end
        end
      endcase
    end
  end

  assign busy_o         = state_q != IDLE || read_q;
  assign page_o         = page_q;
  assign base_o         = base_q;
  assign words_o        = {13'd0, words_q};
  assign vector_o       = vector_q;
  assign gather_start_o = state_q == PAGE;
  assign tile_start_o   = state_q == START;
  assign acc_clear_o    = state_q == IDLE && start_i;
  assign outputs_o      = (state_q == IDLE) ? outputs_i : outputs_q;
  assign acc_read_o     = state_q == WRITE;
  assign acc_index_o    = index_q[15:0];
  assign window_en_o    = read_q;
  assign window_addr_o  = target_q;

  wire unused_bits = &{1'b0, next_base};  // those beyond the window

endmodule

`default_nettype wire
