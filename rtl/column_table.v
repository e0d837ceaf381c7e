// column_table: what each column of each page does with its sum, five 32-bit words a column
// (docs/hardware.md): gain and sigma, offset, reference and output, shifts and signs, zero code.
//
// Three memories, read in the three consecutive stages that need them, so that no setting has to
// be carried along. Write address = column * 5 + word, columns numbered across pages. Each read
// takes one cycle and holds until the next.
`default_nettype none

module column_table #(
  parameter integer COLUMNS      = 1024,  // of all pages
  parameter integer COLUMN_WIDTH = 10     // $clog2(COLUMNS)
) (
  input  wire                    clk_i,

  input  wire                    we_i,
  input  wire [31:0]             addr_i,
  input  wire [31:0]             wdata_i,

  // For the column sum and its noise
  input  wire                    analog_re_i,
  input  wire [COLUMN_WIDTH-1:0] analog_column_i,
  output wire [15:0]             reference_o,
  output wire [15:0]             sigma_o,

  // For the ADC
  input  wire                    adc_re_i,
  input  wire [COLUMN_WIDTH-1:0] adc_column_i,
  output wire [15:0]             gain_o,
  output wire signed [31:0]      offset_o,
  output wire [4:0]              shift_o,
  output wire [3:0]              bits_o,

  // For the recombination
  input  wire                    output_re_i,
  input  wire [COLUMN_WIDTH-1:0] output_column_i,
  output wire [15:0]             output_o,
  output wire [4:0]              left_shift_o,
  output wire                    negative_o,
  output wire [11:0]             zero_code_o
);

  localparam integer ADDR_WIDTH = $clog2(COLUMNS * 5);
  localparam [ADDR_WIDTH-1:0] WORDS = 5;

  reg [31:0] analog_mem_q [0:COLUMNS-1];  // sigma, reference
  reg [56:0] adc_mem_q    [0:COLUMNS-1];  // bits, shift, offset, gain
  reg [33:0] output_mem_q [0:COLUMNS-1];  // zero code, negative, left shift, output
  reg [31:0] analog_q;
  reg [56:0] adc_q;
  reg [33:0] output_q;

  wire [ADDR_WIDTH-1:0]   row    = addr_i[ADDR_WIDTH-1:0] / WORDS;
  wire [ADDR_WIDTH-1:0]   word   = addr_i[ADDR_WIDTH-1:0] % WORDS;
  wire [COLUMN_WIDTH-1:0] column = row[COLUMN_WIDTH-1:0];

  always @(posedge clk_i) begin
    if (we_i) begin
      case (word[2:0])
        3'd0: begin
          adc_mem_q[column][15:0]     <= wdata_i[15:0];
          analog_mem_q[column][31:16] <= wdata_i[31:16];
        end
        3'd1: adc_mem_q[column][47:16] <= wdata_i;
        3'd2: begin
          analog_mem_q[column][15:0] <= wdata_i[15:0];
          output_mem_q[column][15:0] <= wdata_i[31:16];
        end
        3'd3: begin
          adc_mem_q[column][56:48]    <= {wdata_i[11:8], wdata_i[4:0]};
          output_mem_q[column][21:16] <= {wdata_i[24], wdata_i[20:16]};
        end
        default: output_mem_q[column][33:22] <= wdata_i[11:0];
      endcase
    end
  end

  always @(posedge clk_i) begin
    if (analog_re_i) analog_q <= analog_mem_q[analog_column_i];
    if (adc_re_i) adc_q <= adc_mem_q[adc_column_i];
    if (output_re_i) output_q <= output_mem_q[output_column_i];
  end

  assign {sigma_o, reference_o}                            = analog_q;
  assign {bits_o, shift_o, offset_o, gain_o}               = adc_q;
  assign {zero_code_o, negative_o, left_shift_o, output_o} = output_q;

  wire unused_bits = &{1'b0, addr_i, row, word};  // those beyond the table

endmodule

`default_nettype wire
